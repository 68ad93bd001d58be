// Lists that come in parts: each part brings the cursor of the next.
import { useInfiniteQuery } from "@tanstack/react-query";

interface Part<T> {
  items: T[];
  next: string | null;
}

export function useParts<T>(key: readonly unknown[], read: (cursor: string | undefined) => Promise<Part<T>>) {
  const query = useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam }) => read(pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (part) => part.next ?? undefined,
    select: ({ pages }) => pages.flatMap((part) => part.items),
  });
  return query;
}
