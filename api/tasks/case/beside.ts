/** Acts whose forms stand beside the decision: what is being typed there goes out with them, and stands there afterwards. */
import { keepDraft } from '../../../db/accounts/kept-drafts.ts';
import { ConflictError, InputError } from '../../../workflows/domain/errors.ts';
import type { TaskAct } from '../../../workflows/domain/task-acts.ts';
import { type BesideDecision, taskFormName, wordsOfDecision } from '../../drafts/page.ts';
import type { Reply } from '../../http/replies.ts';
import type { FieldIssue } from '../../http/validation.ts';
import { type CaseContext, orConflict, type Redraw, taskIdOf } from './case.ts';

type Typing = CaseContext & { typed: Record<string, unknown> | undefined; forPage: boolean };

/** As `orConflict`, of an act beside the decision. */
export async function besideTheDecision(context: Typing, list: string | undefined, act: () => Promise<Reply>): Promise<Reply> {
  const { typed, forPage } = context;
  const words = typed && wordsOfDecision(typed);
  return orConflict(context, { list, entered: words }, async () => {
    const reply = await act();
    if (words && forPage) await keepWords(context, words);
    return reply;
  });
}

/** What was typed before an act stands in the form afterwards. Where it cannot be kept, the act is done all the same. */
export async function keepWords({ db, vault, actor, params }: CaseContext, words: Record<string, unknown>): Promise<void> {
  try {
    await keepDraft(db, vault, actor.userId, taskFormName(taskIdOf(params)), words);
  } catch (error) {
    if (!(error instanceof ConflictError || error instanceof InputError)) throw error;
  }
}

/** The forms beside the decision call their fields alike: what one of them was refused stands at that one. */
export function refusedIn(
  act: BesideDecision | Extract<TaskAct, 'take_back' | 'recall_signer'>,
  issues: FieldIssue[],
  entered: Record<string, unknown>,
  typed?: Record<string, unknown>,
): Redraw {
  const words = typed && wordsOfDecision(typed);
  return {
    status: 422,
    issues: issues.map((issue) => ({ ...issue, field: `${act}.${issue.field}` })),
    entered: { ...words, [act]: entered },
    beside: words === undefined,
    ...(typeof entered['list'] === 'string' ? { list: entered['list'] } : {}),
  };
}
