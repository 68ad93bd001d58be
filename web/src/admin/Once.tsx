// Something that is shown once: a link or a key, to be copied now.
import { Button, CopyButton, Modal, Stack, Text, TextInput } from "@mantine/core";
import type { ReactNode } from "react";

export function Once({ title, value, children, close }: { title: string; value: string | null; children: ReactNode; close: () => void }) {
  return (
    <Modal opened={value !== null} onClose={close} title={title} size="lg" closeOnClickOutside={false}>
      <Stack gap="md">
        <Text size="md">{children}</Text>
        <TextInput readOnly value={value ?? ""} onFocus={(e) => e.currentTarget.select()} aria-label={title} ff="monospace" />
        <CopyButton value={value ?? ""}>
          {({ copied, copy }) => <Button onClick={copy} variant={copied ? "light" : "filled"} data-autofocus>{copied ? "Copied" : "Copy"}</Button>}
        </CopyButton>
      </Stack>
    </Modal>
  );
}
