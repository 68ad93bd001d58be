// Who is at the screen, and which pages are theirs.
import { useMutation, useQuery } from "@tanstack/react-query";
import { api, Problem, told, type Wire } from "./client";
import { tidy } from "../review/leaving";
import { queries } from "./queries";

export type Me = Wire["Me"];

export function useMe() {
  return useQuery({
    queryKey: ["me"],
    staleTime: 300_000,
    queryFn: async (): Promise<Me | null> => {
      try {
        return await told(api.GET("/api/v1/me"));
      } catch (error) {
        if (error instanceof Problem && error.status === 401) return null;
        throw error;
      }
    },
  });
}

/** What the person at the screen may do; false while nobody is known. */
export function useMay(): (right: string) => boolean {
  const rights = useMe().data?.rights;
  return (right) => rights?.includes(right) ?? false;
}

export function useEnter() {
  return useMutation({
    meta: { quiet: true },
    mutationFn: (given: { name: string; password: string }) => told(api.POST("/api/v1/login", { body: given })),
    onSuccess: (me) => know(me),
  });
}

export function useStart() {
  return useMutation({
    meta: { quiet: true },
    mutationFn: (given: { token: string; password: string }) => told(api.POST("/api/v1/first-start", { body: given })),
    onSuccess: (me) => know(me),
  });
}

export function useLeave() {
  return useMutation({
    mutationFn: async () => {
      const me = queries.getQueryData<Me | null>(["me"]);
      if (me) await tidy(me.name); // as long as the server still knows them
      return told(api.POST("/api/v1/logout"));
    },
    onSuccess: () => know(null),
  });
}

/** Says who is at the screen now; nothing of what somebody else read stays behind. */
function know(me: Me | null): void {
  queries.setQueryData(["me"], me);
  queries.removeQueries({ predicate: (query) => query.queryKey[0] !== "me" });
}

export const ROLE_NAMES: Record<string, string> = {
  reviewer: "Reviewer",
  data_scientist: "Data scientist",
  operator: "Operator",
  admin: "Administrator",
};
