import { describe, expect, it } from "vitest";

import { Wire, type Socket, type Standing } from "../src/lib/wire";
import { PROTOCOL, type Command, type Report } from "../src/messages";

class FakeSocket implements Socket {
  binaryType = "";
  readyState = 1;
  onopen: Socket["onopen"] = null;
  onclose: Socket["onclose"] = null;
  onmessage: Socket["onmessage"] = null;
  sent: Record<string, unknown>[] = [];
  send(data: string): void {
    this.sent.push(JSON.parse(data) as Record<string, unknown>);
  }
  close(): void {
    this.drop(1000);
  }
  say(report: object | ArrayBuffer): void {
    this.onmessage?.({ data: report instanceof ArrayBuffer ? report : JSON.stringify(report) } as MessageEvent);
  }
  drop(code: number, reason = ""): void {
    this.readyState = 3;
    this.onclose?.({ code, reason } as CloseEvent);
  }
  get types(): unknown[] {
    return this.sent.map((command) => command["type"]);
  }
}

function made(state: object | null = null) {
  const sockets: FakeSocket[] = [];
  const reports: Report[] = [];
  const frames: DataView[] = [];
  const standings: [Standing, string][] = [];
  const waits: [() => void, number][] = [];
  const wire = new Wire(
    { report: (r) => reports.push(r), frame: (f) => frames.push(f), standing: (s, why) => standings.push([s, why]) },
    () => {
      sockets.push(new FakeSocket());
      return sockets.at(-1)!;
    },
    () => state,
    (act, ms) => waits.push([act, ms]),
  );
  wire.connect();
  const welcome = (socket = sockets.at(-1)!) => {
    socket.onopen?.({} as Event);
    socket.say({ type: "welcome", session: "s1", resumed: false, protocol: PROTOCOL, version: "1", limits: {} });
  };
  return { wire, sockets, reports, frames, standings, waits, welcome };
}

describe("the connection", () => {
  it("introduces itself with the state of the link", () => {
    const { sockets, welcome } = made({ dataset: "xor" });
    welcome();
    expect(sockets[0]!.sent[0]).toEqual({
      type: "hello",
      protocol: PROTOCOL,
      session: null,
      state: { dataset: "xor" },
    });
  });

  it("keeps commands until it is greeted, in their order", () => {
    const { wire, sockets, welcome } = made();
    wire.send({ type: "run" });
    wire.send({ type: "step", grain: "batch" });
    expect(sockets[0]!.types).toEqual([]);
    welcome();
    expect(sockets[0]!.types).toEqual(["hello", "run", "step"]);
  });

  it("comes back to the same session by itself, later each time, and sends what was asked meanwhile", () => {
    const { wire, sockets, waits, standings, welcome } = made({ dataset: "xor" });
    welcome();
    sockets[0]!.drop(1006);
    expect(standings.at(-1)![0]).toBe("lost");
    wire.send({ type: "pause" });
    waits[0]![0]();
    sockets[1]!.drop(1006);
    expect(waits[1]![1]).toBeGreaterThan(waits[0]![1]);
    waits[1]![0]();
    welcome();
    expect(sockets[2]!.sent[0]).toMatchObject({ type: "hello", session: "s1", state: { dataset: "xor" } });
    expect(sockets[2]!.types).toEqual(["hello", "pause"]);
    expect(standings.at(-1)![0]).toBe("open");
  });

  it("never waits longer than five seconds, and starts small again after a success", () => {
    const { sockets, waits, welcome } = made();
    for (let i = 0; i < 20; i++) {
      sockets.at(-1)!.drop(1006);
      waits.at(-1)![0]();
    }
    expect(Math.max(...waits.map(([, ms]) => ms))).toBe(5000);
    welcome();
    sockets.at(-1)!.drop(1006);
    expect(waits.at(-1)![1]).toBe(150);
  });

  it.each([4000, 4001, 4010, 4014])("does not knock again after %i", (code) => {
    const { sockets, waits, standings, welcome } = made();
    welcome();
    sockets[0]!.drop(code);
    expect(waits).toHaveLength(0);
    expect(standings.at(-1)![0]).toBe("ended");
    expect(standings.at(-1)![1]).not.toBe("");
  });

  it("gives an answer to the one who asked", async () => {
    const { wire, sockets, reports, welcome } = made();
    welcome();
    const one = wire.ask({ type: "look" });
    const two = wire.ask({ type: "reset" });
    const [a, b] = sockets[0]!.sent.slice(1) as { id: number }[];
    sockets[0]!.say({ type: "refusal", text: "no", id: b!.id });
    sockets[0]!.say({ type: "done", id: a!.id });
    expect((await one).type).toBe("done");
    expect(await two).toMatchObject({ type: "refusal", text: "no" });
    expect(reports.map((r) => r.type)).toEqual(["welcome", "refusal", "done"]);
  });

  it("does not hoard credits or more than 200 commands while it is down", () => {
    const { wire, sockets, welcome } = made();
    wire.send({ type: "credit", frames: 1 });
    for (let i = 0; i < 500; i++) wire.send({ type: "look" } as Command);
    welcome();
    expect(sockets[0]!.types.filter((t) => t === "look")).toHaveLength(200);
    expect(sockets[0]!.types).not.toContain("credit");
  });

  it("asks again what was under way when the connection broke", () => {
    const { wire, sockets, waits, welcome } = made();
    welcome();
    void wire.ask({ type: "histogram", inits: true });
    sockets[0]!.drop(1006);
    waits[0]![0]();
    welcome();
    expect(sockets[1]!.types).toEqual(["hello", "histogram"]);
  });

  it("survives what is no message", () => {
    const { sockets, reports, frames, welcome } = made();
    welcome();
    sockets[0]!.onmessage?.({ data: "{not json" } as MessageEvent);
    sockets[0]!.onmessage?.({ data: "null" } as MessageEvent);
    sockets[0]!.say(new ArrayBuffer(0));
    sockets[0]!.say({ type: "done", id: 99 });
    expect(reports.at(-1)!.type).toBe("done");
    expect(frames).toHaveLength(1);
  });

  it("ignores the end of a socket that has been replaced", () => {
    const { wire, sockets, standings, welcome } = made();
    wire.connect();
    welcome(sockets[1]);
    sockets[0]!.drop(1006);
    expect(standings.at(-1)![0]).toBe("open");
  });
});
