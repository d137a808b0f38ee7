// The connection to the server: text messages are typed reports, binary ones are frames.
//
// A lost connection is taken up again by itself (the session and its weights wait on the server); commands that were
// given meanwhile are sent when it is back. Every command may be awaited: it is answered by the report with its id.

import type { Command, Report, State } from "../messages";
import { PROTOCOL } from "../messages";

export type Standing = "connecting" | "open" | "lost" | "ended";

export interface Listeners {
  report: (report: Report) => void;
  frame: (frame: DataView) => void;
  standing: (standing: Standing, why: string) => void;
  sent?: (command: Command) => void;
}

/** What a socket must be able to do; a test brings its own. */
export interface Socket {
  binaryType: string;
  readyState: number;
  onopen: ((event: Event) => void) | null;
  onclose: ((event: CloseEvent) => void) | null;
  onmessage: ((event: MessageEvent) => void) | null;
  send(data: string): void;
  close(): void;
}

const OPEN = 1;
const FIRST_WAIT = 150; // ms before the first new attempt
const LONGEST_WAIT = 5000;
const MOST_WAITING = 200; // commands kept while the connection is down

/** Why the server closed the connection, in words, and whether trying again makes sense. */
export const CLOSED: Record<number, [string, boolean]> = {
  4000: ["The page is of another version than the server. Reload it.", false],
  4001: ["This session was opened in another window. Reload to take it back.", false],
  4008: ["Too many messages at once.", true],
  4009: ["The session rested for long and was put away.", true],
  4010: ["This page may not drive the server. Open the address that the terminal shows.", false],
  4013: ["The server has no room for another session. Try again in a while.", true],
  4014: ["The training is over, and its server has ended.", false],
};

export type Distributed<T> = T extends unknown ? Omit<T, "id"> : never;

export class Wire {
  private socket: Socket | null = null;
  private waiting: string[] = [];
  private answers = new Map<number, { text: string; resolve: (report: Report) => void }>();
  private asking: Report | null = null; // the report that answers a question, while it is being told
  private next = 1;
  private pause = FIRST_WAIT;
  private ended = false;
  private greeted = false;
  session: string | null = null;

  constructor(
    private readonly listeners: Listeners,
    private readonly open: () => Socket,
    private readonly start: () => Partial<State> | null,
    private readonly later: (act: () => void, ms: number) => void = (act, ms) => setTimeout(act, ms),
  ) {}

  connect(): void {
    this.ended = false;
    this.listeners.standing("connecting", "");
    const socket = this.open();
    this.socket = socket;
    this.greeted = false;
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      const state = this.start(); // begins the session, should the server not have it any more
      socket.send(JSON.stringify({ type: "hello", protocol: PROTOCOL, session: this.session, state }));
    };
    socket.onmessage = (event) => this.receive(event.data as string | ArrayBuffer);
    socket.onclose = (event) => this.closed(socket, event.code, event.reason);
  }

  /** Send a command and forget it. */
  send(command: Command): void {
    const text = JSON.stringify(command);
    this.listeners.sent?.(command);
    if (this.greeted && this.socket?.readyState === OPEN) this.socket.send(text);
    else if (command.type !== "credit" && this.waiting.length < MOST_WAITING) this.waiting.push(text);
  }

  /**
   * Send a command and wait for the report that answers it. When the connection breaks meanwhile it is sent again:
   * only for questions, and for what may be done twice.
   */
  ask(command: Distributed<Command>): Promise<Report> {
    const id = this.next++;
    const asked = { ...command, id } as Command;
    return new Promise((resolve) => {
      this.answers.set(id, { text: JSON.stringify(asked), resolve });
      this.send(asked);
    });
  }

  close(): void {
    this.ended = true;
    this.socket?.close();
  }

  private receive(data: string | ArrayBuffer): void {
    if (typeof data !== "string") {
      this.listeners.frame(new DataView(data));
      return;
    }
    const report = parsed(data);
    if (!report) return;
    if (report.type === "welcome") this.welcome(report.session);
    const id = "id" in report ? report.id : null;
    if (id !== null && id !== undefined && this.answers.has(id)) {
      this.asking = report;
      this.answers.get(id)?.resolve(report);
      this.answers.delete(id);
    }
    this.listeners.report(report);
    this.asking = null;
  }

  /** Whether somebody asked for this very report, and has been told already. */
  awaited(report: Report): boolean {
    return this.asking === report;
  }

  private welcome(session: string): void {
    this.session = session;
    this.greeted = true;
    this.pause = FIRST_WAIT;
    this.listeners.standing("open", "");
    for (const text of this.waiting.splice(0)) this.socket?.send(text);
  }

  private closed(socket: Socket, code: number, reason: string): void {
    if (socket !== this.socket) return;
    this.socket = null;
    this.greeted = false;
    const unanswered = [...this.answers.values()].map((answer) => answer.text);
    this.waiting = [...new Set([...unanswered, ...this.waiting])];
    const [words, again] = CLOSED[code] ?? [
      "The server does not answer. Is glassnet play still running? If it was started anew, open the address that it shows.",
      true,
    ];
    if (this.ended || !again) {
      this.listeners.standing("ended", reason || words);
      return;
    }
    this.listeners.standing("lost", reason || words);
    this.later(() => {
      if (!this.ended) this.connect();
    }, this.pause);
    this.pause = Math.min(LONGEST_WAIT, this.pause * 1.7);
  }
}

/** A report, or null for what is none: a page must not stop because of one message. */
function parsed(data: string): Report | null {
  try {
    const report: unknown = JSON.parse(data);
    return typeof report === "object" && report !== null && "type" in report ? (report as Report) : null;
  } catch {
    return null;
  }
}
