// One client of queries for the whole app: what is read is kept a little, what fails is said once.
import { MutationCache, QueryCache, QueryClient } from "@tanstack/react-query";
import { Problem } from "./client";
import { sayProblem } from "../parts/say";

const lost = (error: Error) => error instanceof Problem && error.status === 401;

export const queries = new QueryClient({
  queryCache: new QueryCache({
    onError: (error, query) => {
      // A session that ended sends everyone to the login page; a first read that fails is shown in its place.
      if (lost(error)) queries.setQueryData(["me"], null);
      else if (query.state.data !== undefined && !(error instanceof Problem && error.passing)) sayProblem(error);
    },
  }),
  mutationCache: new MutationCache({
    onError: (error, _given, _context, mutation) => {
      if (lost(error)) queries.setQueryData(["me"], null);
      if (!mutation.meta?.quiet) sayProblem(error);
    },
  }),
  defaultOptions: {
    queries: {
      staleTime: 15_000,
      refetchOnWindowFocus: true,
      retry: (times, error) => times < 2 && error instanceof Problem && error.passing,
    },
  },
});
