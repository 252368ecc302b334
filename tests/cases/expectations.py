# SPDX-License-Identifier: Apache-2.0
"""expectations: the lines of an `expect` section. Those about answers are looked at while the gateway runs,
those about the backend and the log after it has ended, when nothing more can come."""
import json

from case_file import CaseError, expand

AFTERWARDS = ("backend", "log", "id", "exit", "|")


class Unmet(Exception):
    """Something else happened than the case expects."""


def need(condition, text):
    if not condition:
        raise Unmet(text)


def numbered(text):
    """"2 silent" → 2, "silent"; without a number the first is meant."""
    first, _, rest = text.partition(" ")
    return (int(first), rest) if first.isdigit() else (1, text)


def check_answer(client, step):
    """A line about one answer: `answer N status 200`, or without `answer N` for the first."""
    number, verb, text = 1, step.verb, step.text
    if verb == "answer":
        number, text = numbered(text)
        verb, _, text = text.partition(" ")
    client.until(lambda: len(client.complete_answers()) >= number or client.ended, f"answer {number}")
    answers = client.answers()
    need(len(answers) >= number, f"no answer {number}; the connection is {client.ended or 'open'}")
    answer = answers[number - 1]
    if verb == "status":
        need(str(answer.status) == text, f"wanted status {text} in answer {number}, got {answer.status}")
    elif verb == "interim":
        unwanted = text.startswith("lacks ")
        need((int(text.split()[-1]) in answer.interim) != unwanted, f"wanted {text} before answer {number}, got {answer.interim}")
    elif verb == "header":
        check_header(answer, text)
    elif verb == "body":
        check_body(answer, text)
    elif verb == "incomplete":
        need(not answer.complete, f"answer {number} looks complete")
    else:
        raise CaseError(f"unknown expectation {step}")


def check_header(answer, text):
    name, verb, *rest = text.split(" ", 2)
    value, wanted = answer.field(name), rest[0] if rest else ""
    met = {"is": value == wanted, "absent": value is None, "present": value is not None,
           "contains": wanted in (value or ""), "lacks": wanted not in (value or "")}
    need(met[verb], f"wanted {text!r}, got {value!r}")


def check_body(answer, text):
    verb, _, wanted = text.partition(" ")
    wanted = expand(wanted)
    met = {"is": answer.body == wanted, "empty": not answer.body, "contains": wanted in answer.body,
           "lacks": wanted not in answer.body}
    need(met[verb], f"wanted body {text[:200]!r}, got {answer.body[:200]!r}")


def check_reason(client, token):
    """The token stands in the answer: problem+json names it as "reason", the others in their text."""
    answers = client.answers()
    need(answers, "no answer")
    answer = answers[-1]
    if "json" in (answer.field("Content-Type") or ""):
        need(json.loads(answer.body).get("reason") == token, f"the answer's reason is not {token}: {answer.body!r}")
    else:
        need(token.encode() in answer.body, f"the answer does not name {token}: {answer.body[:300]!r}")


def check_connection(client, step):
    """A line about the client's connection as a whole."""
    if step.verb == "answers":
        wanted = int(step.text)
        client.until(lambda: len(client.complete_answers()) >= wanted or client.ended, f"{wanted} answers")
        need(len(client.answers()) == wanted, f"wanted {wanted} answers, got {len(client.answers())}")
    elif step.verb == "closed":
        client.until(lambda: client.ended, "the gateway to close the connection")
        need(all(answer.complete for answer in client.answers()), "closed in the middle of an answer")
        need(step.text != "gently" or client.ended == "closed", f"the connection did not end gently: {client.ended}")
    elif step.verb == "cut":
        client.until(lambda: client.ended, "the gateway to cut the connection")
        need(client.ended in ("cut", "reset") or not all(answer.complete for answer in client.answers()),
             "the client cannot see that something is missing")
    elif step.verb == "kept":
        before = len(client.complete_answers())
        client.send(b"GET /kept HTTP/1.1\r\nHost: kept.example\r\n\r\n")
        client.until(lambda: len(client.complete_answers()) > before or client.ended, "an answer to one more request")
        need(len(client.answers()) == before + 1 and client.answers()[-1].complete,
             f"the connection was not kept: {client.ended}, {len(client.answers())} answers")
    elif step.verb == "nothing":
        need(not client.received, f"wanted no byte, got {bytes(client.received[:200])!r}")
    elif step.verb == "resumed":
        need(client.tls.session_reused, "the TLS session was not resumed")
    elif step.verb == "tls":
        need(client.tls.version() == step.text, f"wanted {step.text}, got {client.tls.version()}")
    elif step.verb == "reason":
        client.until(lambda: client.complete_answers() or client.ended, "an answer")
        check_reason(client, step.text)
    else:
        check_answer(client, step)


def check_backend(backends, text, following):
    number, text = numbered(text)
    verb, _, wanted = text.partition(" ")
    backend = backends[number - 1]
    seen, served = backend.seen(), backend.served()
    if verb == "silent":
        need(not seen, f"the backend got {seen[:300]!r}")
    elif verb == "requests":
        need(len(served) == int(wanted), f"wanted {wanted} requests at the backend, got {len(served)}")
    elif verb == "connections":
        used = sum(1 for raw in backend.raw if raw and not raw.startswith(b"GET /kept "))
        need(used == int(wanted), f"wanted {wanted} connections to the backend, got {used}")
    elif verb == "contains":
        need(expand(wanted) in seen, f"the backend did not get {wanted!r}: {seen[:600]!r}")
    elif verb == "lacks":
        need(expand(wanted).lower() not in seen.lower(), f"the backend got {wanted!r}: {seen[:600]!r}")
    elif verb == "header":
        need(served, "the backend got no request")
        check_header(served[0], wanted)
    elif verb == "body":
        bodies = [request.body for request in served]
        need(expand(wanted) in bodies, f"no request had the body {wanted[:80]!r}: {[b[:80] for b in bodies]!r}")
    elif verb == "unfinished":
        need(not any(request.complete for request in served), f"the backend got a whole request: {seen[:600]!r}")
    elif verb == "got":
        lines = b"".join(expand(step.text) for step in following)
        need(lines in seen, f"the backend did not get {lines!r}: {seen[:600]!r}")
    else:
        raise CaseError(f"unknown expectation: backend {text}")


def check_log(gateway, text):
    number, text = numbered(text)
    verb, _, wanted = text.partition(" ")
    rows = gateway.log_rows()
    if verb == "rows":
        need(len(rows) == int(wanted), f"wanted {wanted} log rows, got {len(rows)}")
        return
    if verb == "lacks":
        need(wanted not in gateway.log_text(), f"the log holds {wanted!r}")
        return
    need(len(rows) >= number, f"the log has no row {number}")
    row = rows[number - 1]
    if verb == "has":
        missing = [key for key in wanted.split() if key not in row]
        need(not missing, f"the log row lacks {missing}: {row}")
    elif verb == "number":
        value = row.get(wanted)
        need(isinstance(value, (int, float)) and not isinstance(value, bool), f"{wanted} is no number: {value!r}")
    else:
        key, _, value = text.partition("=")
        got = row.get(key, "(no such key)")
        need(value in (got, json.dumps(got)), f"wanted {text} in the log, got {got!r}")


def check_id(client, gateway):
    """The last answer, its text and the log name the exchange alike."""
    answer, ids = client.answers()[-1], [row.get("id") for row in gateway.log_rows()]
    need(answer.field("X-Request-Id") in ids, f"the answer's id {answer.field('X-Request-Id')} is not in the log: {ids}")
    need(answer.field("X-Request-Id").encode() in answer.body, "the text of the answer does not name its id")


def check_afterwards(steps, client, backends, gateway):
    """The lines that `check_connection` left: backend, log, and the log's side of `reason`."""
    for i, step in enumerate(steps):
        if step.verb == "backend":
            following = []
            for later in steps[i + 1:]:
                if later.verb != "|":
                    break
                following.append(later)
            check_backend(backends, step.text, following)
        elif step.verb == "log":
            check_log(gateway, step.text)
        elif step.verb == "id":
            check_id(client, gateway)
        elif step.verb == "reason":
            token, rows = step.text, gateway.log_rows()
            need(any(row.get("reason") == token for row in rows),
                 f"no log row has reason={token}: {[row.get('reason') for row in rows]}")
