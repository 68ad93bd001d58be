// Asks once before something that matters: says what will happen, takes a reason, and does it.
import { Button, Group, Modal, Stack, Text, TextInput } from "@mantine/core";
import { useState, type ReactNode } from "react";

export interface Question {
  title: string;
  what: ReactNode;
  button: string;
  reason?: boolean;
  danger?: boolean;
  run: (reason: string) => Promise<unknown>;
}

export function Confirm({ question, close }: { question: Question | null; close: () => void }) {
  return (
    <Modal opened={question !== null} onClose={close} title={question?.title} size="md">
      {question && <Asked question={question} close={close} />}
    </Modal>
  );
}

function Asked({ question, close }: { question: Question; close: () => void }) {
  const [reason, setReason] = useState("");
  const [busy, setBusy] = useState(false);
  const run = async () => {
    setBusy(true);
    // What fails is said by the mutation itself; the question stays so that it can be tried again.
    await question.run(reason.trim()).then(close, () => setBusy(false));
  };
  return (
    <form onSubmit={(event) => { event.preventDefault(); void run(); }}>
      <Stack gap="md">
        <Text component="div" size="md">{question.what}</Text>
        {question.reason && (
          <TextInput label="Reason" description="Kept with it, for whoever asks later." value={reason} onChange={(e) => setReason(e.currentTarget.value)} data-autofocus required maxLength={1000} />
        )}
        <Group justify="end" gap="xs">
          <Button variant="default" onClick={close}>Cancel</Button>
          <Button type="submit" color={question.danger ? "red" : undefined} loading={busy} disabled={question.reason && !reason.trim()} data-autofocus={!question.reason || undefined}>
            {question.button}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
