/** Why a link is not up any more: what follows from it goes by the cause, the text is for people. */
export const EndCause = {
  /** The neighbour does not answer, or the radio says that it is gone. */
  Lost: 'lost',
  Restarted: 'restarted',
  /** It lives, and does not hear this node. */
  Deaf: 'deaf',
  Goodbye: 'goodbye',
  MadeRoom: 'made-room',
  /** This node's own radio stopped. */
  OwnRadio: 'own-radio',
  /** A person removed the neighbour. */
  Removed: 'removed',
} as const;
export type EndCause = (typeof EndCause)[keyof typeof EndCause];

export interface LinkEnd {
  readonly cause: EndCause;
  readonly text: string;
}

export const RESTARTED: LinkEnd = { cause: EndCause.Restarted, text: 'the neighbour restarted' };
export const DEAF: LinkEnd = { cause: EndCause.Deaf, text: 'it no longer hears us' };
export const GOODBYE: LinkEnd = { cause: EndCause.Goodbye, text: 'said goodbye' };
export const MADE_ROOM: LinkEnd = { cause: EndCause.MadeRoom, text: 'made room for another' };
export const REMOVED: LinkEnd = { cause: EndCause.Removed, text: 'removed by a person' };
export const lost = (text: string): LinkEnd => ({ cause: EndCause.Lost, text });
export const ownRadio = (text: string): LinkEnd => ({ cause: EndCause.OwnRadio, text });

/** The neighbour is still there, and to be greeted anew; otherwise the link itself is gone. */
export const isGreetedAnew = ({ cause }: LinkEnd): boolean => cause === EndCause.Restarted || cause === EndCause.Deaf;
