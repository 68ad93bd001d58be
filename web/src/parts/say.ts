// What the app says in passing: notifications in the corner.
import { notifications } from "@mantine/notifications";
import { Problem } from "../api/client";

export function sayDone(message: string): void {
  notifications.show({ message, color: "teal", autoClose: 3000 });
}

export function sayProblem(error: unknown): void {
  const problem = error instanceof Problem ? error : null;
  const faults = problem?.faults.slice(0, 4).join("; ");
  const id = problem?.requestId && problem.status >= 500 ? ` (request ${problem.requestId})` : "";
  notifications.show({
    id: `problem-${problem?.code ?? "app"}`,
    title: problem?.message ?? "Something went wrong in the app.",
    message: `${faults ?? ""}${id}` || null,
    color: "red",
    autoClose: 8000,
  });
}
