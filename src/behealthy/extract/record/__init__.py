"""What the data-entry team used to type: the record of a patient, made from extractions, and the forms it leaves in."""
