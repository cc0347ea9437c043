import { describe, expect, it } from "vitest";
import { readAgent, toOs } from "../../src/traffic/user-agent.ts";

describe("readAgent", () => {
  it.each([
    [
      "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/131.0.0.0 Safari/537.36",
      "windows",
      131,
    ],
    ["Mozilla/5.0 (Windows NT 10.0) Chrome/131.0.0.0 Safari/537.36 Edg/130.0.0.0", "windows", 131],
    [
      "Mozilla/5.0 (Linux; Android 14; Pixel 8) Chrome/124.0.6367.82 Mobile Safari/537.36",
      "android",
      124,
    ],
    ["Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) Chrome/120.0.0.0 Safari/537.36", "chromeos", 120],
    ["Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/17.5 Safari/605.1.15", "macos", null],
    [
      "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) CriOS/126.0 Mobile Safari/604.1",
      "ios",
      null,
    ],
    ["Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0", "linux", null],
    ["curl/8.5.0", null, null],
  ])("reads %s", (text, os, blink) => {
    expect(readAgent(text)).toMatchObject({ os, blink });
  });

  it("tells a missing agent from an unknown one", () => {
    expect(readAgent(" ").text).toBe("");
    expect(readAgent(null).text).toBeNull();
  });

  it("shows patterns 512 characters at most", () => {
    expect(readAgent("a!".repeat(10_000)).text).toHaveLength(512);
  });

  it("sees what embeds a browser without its headers", () => {
    expect(readAgent("Mozilla/5.0 (Linux; Android 14; Pixel 8; wv) Chrome/124.0").embedded).toBe(
      true,
    );
    expect(
      readAgent("Mozilla/4.0 (compatible; Microsoft Outlook 16.0; MSOffice 16)").embedded,
    ).toBe(true);
    expect(readAgent("Mozilla/5.0 (Linux; Android 14; Pixel 8) Chrome/124.0").embedded).toBe(false);
  });

  it("reads back a system that was stored", () => {
    expect(toOs("ios")).toBe("ios");
    expect(toOs("plan9")).toBeNull();
    expect(toOs(null)).toBeNull();
  });
});
