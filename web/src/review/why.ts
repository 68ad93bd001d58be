// Why a note is in the queue, in words.
export const WHY: Record<string, { name: string; about: string }> = {
  sent: { name: "sent", about: "somebody asked for it" },
  drift: { name: "drift", about: "drawn at random from notes that have changed" },
  audit: { name: "audit", about: "drawn at random, reviewed blind: the honest measure of the model" },
  uncertain: { name: "uncertain", about: "the model expects corrections" },
};
