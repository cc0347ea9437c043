import { describe, expect, it } from "vitest";
import { createThrottle } from "../../src/access/throttle.ts";

function setUp() {
  const clock = { now: 0 };
  return { clock, throttle: createThrottle(() => clock.now) };
}

function failTimes(throttle: ReturnType<typeof createThrottle>, times: number, name = "a") {
  for (let n = 0; n < times; n++) throttle.fail(name);
}

describe("the sign-in throttle", () => {
  it("lets four mistakes pass", () => {
    const { throttle } = setUp();
    failTimes(throttle, 4);
    expect(() => throttle.check("a")).not.toThrow();
  });

  it.each([
    [5, 1],
    [6, 2],
    [9, 16],
    [40, 900],
  ])("asks after %i mistakes for a wait of %i s", (mistakes, seconds) => {
    const { throttle, clock } = setUp();
    failTimes(throttle, mistakes);
    expect(() => throttle.check("a")).toThrow(
      expect.objectContaining({ code: "rate_limited", status: 429, retryAfterS: seconds }),
    );
    clock.now = seconds * 1000;
    expect(() => throttle.check("a")).not.toThrow();
  });

  it("waits for the account from a second address too", () => {
    const { throttle } = setUp();
    failTimes(throttle, 5, "account");
    expect(() => throttle.check("account", "other address")).toThrow();
    expect(() => throttle.check("other address")).not.toThrow();
  });

  it("forgets the mistakes after a success", () => {
    const { throttle } = setUp();
    failTimes(throttle, 4);
    throttle.succeed("a");
    failTimes(throttle, 4);
    expect(() => throttle.check("a")).not.toThrow();
  });
});
