// Where the tour stands: nowhere, or at one of its steps. It lives as long as the page; the palette begins it again.
import { createStore } from "../parts/store";

export const tour = createStore<number | null>(null);

export const startTour = (): void => tour.set(0);
export const endTour = (): void => tour.set(null);
