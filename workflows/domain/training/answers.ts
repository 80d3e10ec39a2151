/** What an institution is answered, as it asks for it: by kind, in the order in which the kinds are offered. */
export const answerKinds = ['correction', 'refusal', 'review', 'inspection', 'message', 'payment', 'payment_return'] as const;
export type AnswerKind = (typeof answerKinds)[number];
