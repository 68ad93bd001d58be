// The button under a list of which only a part is shown.
import { Button, Center } from "@mantine/core";

export function Rest({ query }: { query: { hasNextPage: boolean; isFetchingNextPage: boolean; fetchNextPage: () => unknown } }) {
  if (!query.hasNextPage) return null;
  return <Center p="sm"><Button variant="subtle" size="compact-sm" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>Show more</Button></Center>;
}
