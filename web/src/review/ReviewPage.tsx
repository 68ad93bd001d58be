// The review of one note: takes the note into one's hands, or says whose hands it is in.
import { Button, Center, Group, Loader } from "@mantine/core";
import { Link, useParams } from "@tanstack/react-router";
import { useEffect } from "react";
import { Problem } from "../api/client";
import { useMe } from "../api/session";
import { Empty, Refused } from "../parts/Page";
import { useClaimed } from "./calls";
import { DeskView } from "./DeskView";

export function ReviewPage() {
  const { noteId } = useParams({ from: "/review/$noteId" });
  const me = useMe().data;
  const claimed = useClaimed(noteId);
  useEffect(() => {
    document.title = "Review · BeHealthy"; // a window's title is no place for words or names of a note
  }, []);
  if (claimed.data && me) {
    return <DeskView key={`${noteId} ${claimed.dataUpdatedAt}`} review={claimed.data} by={me.name} reload={() => void claimed.refetch()} />;
  }
  const refused = claimed.error instanceof Problem ? claimed.error.status : null;
  if (refused === 409 || refused === 404) {
    return (
      <Empty title={claimed.error!.message} icon={refused === 409 ? "lock" : "warning"} action={<Group><Button component={Link} to="/review">Back to the queue</Button><Button variant="default" onClick={() => void claimed.refetch()}>Try again</Button></Group>}>
        {refused === 409 ? "A note is in one person's hands at a time. It is free again when they give it back, or leave it for half an hour; who submitted it can reopen it." : "It was never sent to review, or its address is not whole."}
      </Empty>
    );
  }
  if (claimed.error) return <Refused error={claimed.error} retry={() => void claimed.refetch()} />;
  return <Center mih="60vh"><Loader size="sm" aria-label="loading" /></Center>;
}
