/** Numbers, money, times, and text that cannot be seen. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ago, amount, left, meterName, micros, plainUsd, short, usd, windowName } from "../src/lib/format";
import { indented } from "../src/lib/indent";
import { member, members, textOf } from "../src/lib/json";
import { unitsOf } from "../src/lib/utf8";
import { head, pieces, visibleText } from "../src/lib/visible";

test("money stays text", () => {
  assert.equal(usd("0.1"), "$0.10");
  assert.equal(usd("12345678901234567890.123456"), "$12,345,678,901,234,567,890.123456");
  assert.equal(usd("much"), "much");
  assert.equal(plainUsd("120.500000"), "120.50");
  assert.equal(plainUsd("0.000001"), "0.000001");
  assert.equal(plainUsd("3.100000"), "3.10");
  assert.equal(amount(1234, "calls"), "1,234");
});

test("numbers fit their place", () => {
  assert.equal(short(9_999), "9,999");
  assert.equal(short(1_234_567), "1.23 M");
  assert.equal(micros(850), "850 µs");
  assert.equal(micros(1_240), "1.24 ms");
});

test("times", () => {
  assert.equal(ago(500), "just now");
  assert.equal(ago(200_000), "3 min ago");
  assert.equal(left(581_000), "9:41");
  assert.equal(left(3_900_000), "1:05:00");
  assert.equal(left(-5), "0:00");
  assert.equal(windowName({ kind: "fixed", seconds: 86_400 }), "per day");
  assert.equal(meterName("budgets/shop"), "Budget “shop”");
});

test("what cannot be seen is escaped, and marked", () => {
  assert.equal(visibleText("a\u202Eb\u0000c\u200Bd\u{E0041}"), "a\\u{202e}b\\u{0}c\\u{200b}d\\u{e0041}");
  assert.equal(visibleText("\ud800"), "\\u{d800}");
  assert.equal(visibleText("a\nb\u2028c"), "a\\nb\\u{2028}c");
  assert.equal(visibleText("Grüße, 日本語 😀"), "Grüße, 日本語 😀");
  assert.deepEqual(pieces("a\nb\u001b[1m", true), [
    { text: "a\nb", escaped: false },
    { text: "\\u{1b}", escaped: true },
    { text: "[1m", escaped: false },
  ]);
});

test("long text is cut between characters", () => {
  assert.deepEqual(head("ab😀", 3), { text: "ab", left: 2 });
  assert.deepEqual(head("abc", 3), { text: "abc", left: 0 });
});

test("JSON is indented without reading its values", () => {
  assert.equal(indented('{"a":[1,2e400,-0],"b":{},"c":"x\\"{,}","a":10000000000000000001}'), '{\n  "a": [\n    1,\n    2e400,\n    -0\n  ],\n  "b": {},\n  "c": "x\\"{,}",\n  "a": 10000000000000000001\n}');
  assert.equal(indented("no json"), "no json");
});

test("members have their values as they are written", () => {
  const text = ' {"account":9007199254740993, "amount" : 1e400,"rate":0.10,"yes":true,"said":"tr\\u0075e","deep":{"a":[1,{"b":2}]}, "a":{},"b":[],"rate":0}';
  assert.deepEqual(members(text), [
    { name: "account", value: "9007199254740993" },
    { name: "amount", value: "1e400" },
    { name: "rate", value: "0.10" },
    { name: "yes", value: "true" },
    { name: "said", value: '"tr\\u0075e"' },
    { name: "deep", value: '{"a":[1,{"b":2}]}' },
    { name: "a", value: "{}" },
    { name: "b", value: "[]" },
    { name: "rate", value: "0" },
  ]);
  assert.equal(member(text, "account"), "9007199254740993");
  assert.equal(member(text, "rate"), null, "which of the two");
  assert.deepEqual([textOf(member(text, "said")), textOf(member(text, "yes"))], ["true", null]);
  assert.deepEqual(members('{"a\\"b,":"x:{"}'), [{ name: 'a"b,', value: '"x:{"' }]);
  for (const none of ["", "no json", "[1]", '"text"', "{", '{"a":1}{"a":2}']) assert.equal(members(none), null, none);
  assert.deepEqual(members("{}"), []);
});

test("bytes are counted as units of the text", () => {
  const text = "a€😀b";
  assert.deepEqual([0, 1, 4, 8, 9, 99].map((byte) => unitsOf(text, byte)), [0, 1, 2, 4, 5, 5]);
});
