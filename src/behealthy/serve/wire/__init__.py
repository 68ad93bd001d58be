"""What travels over the wire, one resource a file; the OpenAPI document, and so every client, is made from it."""
