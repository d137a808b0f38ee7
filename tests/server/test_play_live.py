"""A running server: classrooms, hostile clients, lost connections. What is asserted is order and fairness, not time."""

import asyncio
import contextlib
import json
import socket
from contextlib import AsyncExitStack
from dataclasses import replace

import numpy as np
import pytest
import websockets
from hypothesis import given, settings
from hypothesis import strategies as st

from glassnet import nn
from glassnet.server import messages
from glassnet.server import serve as serving
from glassnet.server.outbox import MOST_CREDITS
from glassnet.server.session import Limits
from glassnet.train.preparation import Preparation
from glassnet.train.trained import Trained

TINY = {"points": 40, "resolution": 10, "speed": 0.2}
CLASS = Limits(frames_per_second=20.0, resolution=50)


def network_of(running, page) -> list[np.ndarray]:
    """Copies of a session's weights, from inside."""
    session = running.server.registry.sessions[page.welcome["session"]]
    with session.lock:
        return [p.array.copy() for p in session.playground.learner.parameters]


def test_the_page_and_its_cookie(running):
    assert running.get("/", cookie=False)[0] == 401
    status, headers, body = running.get("/")
    assert status == 200
    assert b"<html" in body
    for name in ("content-security-policy", "x-content-type-options", "referrer-policy", "cross-origin-opener-policy"):
        assert name in headers
    assert running.get("/", Host="evil:1")[0] == 421
    assert running.get("/nowhere")[0] == 404
    assert running.get("/", method="DELETE")[0] == 405
    assert running.get("/api/model", method="POST")[0] == 403


def test_the_cookie_is_out_of_scripts_reach_and_the_token_is_used_up(running):
    running.server.guard.renew()
    link = f"/?token={running.server.guard.launch}"
    status, headers, _ = running.get(link, cookie=False)
    assert (status, headers["location"]) == (303, "/")
    assert "HttpOnly" in headers["set-cookie"]
    assert "samesite=lax" in headers["set-cookie"].lower()
    assert running.get(link, cookie=False)[0] == 401
    assert running.get(link)[0] == 303  # the same browser again


def test_a_session_from_hello_to_frames(running, read_header):
    async def talk():
        async with running.page(state={**TINY, "dataset": "gauss"}) as page:
            first = await page.frame()
            assert page.state["state"]["dataset"] == "gauss"
            assert read_header(first)["layout"] == page.layout["layout"]
            assert len(first) >= page.layout["size"]
            await page.ask("run")
            frames = [read_header(await page.frame()) for _ in range(20)]
            assert [f["sequence"] for f in frames] == list(range(2, 22))
            assert frames[-1]["step"] > frames[0]["step"]
            refused = await page.ask("configure", changes={"hidden": [0]})
            assert refused["type"] == "refusal"
            assert (await page.ask("pause"))["type"] == "done"
            assert not page.state["running"]

    asyncio.run(talk())


def test_a_new_layout_comes_before_its_first_frame(running, read_header):
    async def talk():
        async with running.page(state=TINY) as page:
            await page.frame()
            await page.ask("run")
            for hidden in ([3], [5, 5], [], [2, 2, 2]):
                await page.tell("configure", changes={"hidden": hidden})
                while page.layout["sizes"] != [2, *hidden, 1]:
                    head = await page.next()
                    if isinstance(head, bytes) and head[:4] == b"GNF1":
                        assert read_header(head)["layout"] == page.layout["layout"]
                        await page.tell("credit")
                frame = await page.frame()
                assert read_header(frame)["layout"] == page.layout["layout"]

    asyncio.run(talk())


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({"origin": "http://evil"}, 403),
        ({"origin": None}, 403),
        ({"origin": "null"}, 403),
        ({"cookie": ""}, 403),
        ({"cookie": "glassnet=wrong"}, 403),
        ({"host": "evil:80"}, 403),
        ({"path": "/other"}, 403),
    ],
)
def test_a_foreign_page_gets_no_websocket(running, options, status):
    port = running.server.port
    fields = {
        "origin": f"http://127.0.0.1:{port}",
        "cookie": running.cookie,
        "host": f"127.0.0.1:{port}",
        "path": "/ws",
    }
    fields |= options
    lines = [f"GET {fields['path']} HTTP/1.1", f"Host: {fields['host']}", "Upgrade: websocket", "Connection: Upgrade"]
    lines += ["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13", f"Cookie: {fields['cookie']}"]
    lines += [f"Origin: {fields['origin']}"] if fields["origin"] is not None else []
    with socket.create_connection(("127.0.0.1", port), 20) as raw:
        raw.sendall("\r\n".join([*lines, "", ""]).encode())
        assert int(raw.recv(4096).split()[1]) == status


def test_five_hundred_lost_connections_and_the_same_weights(running):
    async def talk():
        async with running.page(state=TINY) as page:
            await page.ask("step", count=3)
            name = page.welcome["session"]
            before = network_of(running, page)
        for _ in range(500):
            async with running.page(session=name) as again:
                assert again.welcome["resumed"]
                again.socket.transport.abort()  # no farewell: the network is gone
        async with running.page(session=name) as again:
            for a, b in zip(network_of(running, again), before, strict=True):
                np.testing.assert_array_equal(a, b)
            frame = await again.frame()
            weights = next(b for b in again.layout["blocks"] if b["name"] == "weights")
            sent = np.frombuffer(frame, "<f4", weights["shape"][0], weights["offset"])
            np.testing.assert_array_equal(sent, np.concatenate([a.reshape(-1) for a in before]).astype(np.float32))
            assert again.state["epoch"] == 3
        assert len(running.server.registry.sessions) == 1

    asyncio.run(talk())


def test_a_second_page_takes_the_place_of_the_first(running):
    async def talk():
        async with running.page(state=TINY) as first:
            async with running.page(session=first.welcome["session"]) as second:
                assert second.welcome["resumed"]
                assert await first.ending() == 4001
                assert (await second.ask("step"))["type"] == "done"

    asyncio.run(talk())


async def drawn(running, stack, count, frames, read_header, **state):
    """So many pages that run together until half of them have drawn so many frames; the headers that each has seen."""
    pages = [await stack.enter_async_context(running.page(state={**TINY, "seed": i, **state})) for i in range(count)]
    for page in pages:
        await page.frame()
    for page in pages:
        await page.tell("run")
    heads = [[] for _ in pages]
    enough = asyncio.Event()

    async def watch(page, seen):
        while not enough.is_set():
            seen.append(read_header(await page.frame()))
            if np.median([len(h) for h in heads]) >= frames:
                enough.set()

    await asyncio.wait_for(asyncio.gather(*map(watch, pages, heads)), 120)
    return heads


def test_two_hundred_clients_are_served_alike(start, read_header):
    running = start(replace(CLASS, frames_per_second=5.0))

    async def talk():
        async with AsyncExitStack() as stack:
            heads = await drawn(running, stack, 200, 5, read_header)
            steps = np.array([s.playground.step for s in running.server.registry.sessions.values()])
        counts = np.array([len(h) for h in heads])
        assert counts.min() >= 0.6 * np.median(counts)
        assert steps.min() >= 0.6 * np.median(steps) > 0
        for h in heads:  # nobody's frame was dropped, repeated, or another's
            assert [x["sequence"] for x in h] == list(range(2, 2 + len(h)))

    asyncio.run(talk())


def test_one_greedy_client_takes_nobodys_turn(start, read_header):
    running = start(CLASS)

    async def talk():
        async with AsyncExitStack() as stack:
            big = {"hidden": [128] * 4, "points": 5000, "speed": 100, "batch_size": 1000}
            greedy = await stack.enter_async_context(running.page(state={**TINY, **big}))
            await greedy.frame()
            await greedy.tell("run")
            heads = await drawn(running, stack, 30, 15, read_header)
        steps = np.array([h[-1]["step"] for h in heads])
        assert steps.min() >= 0.7 * np.median(steps) > 0

    asyncio.run(talk())


async def slow_header(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ")
    await writer.drain()
    return reader, writer


def test_slow_headers_are_cut_off(start, monkeypatch):
    monkeypatch.setattr(serving, "_HEADER_SECONDS", 0.5)
    running = start(CLASS)

    async def talk():
        clients = [await slow_header(running.server.port) for _ in range(100)]
        async with running.page(state=TINY) as page:
            assert (await page.ask("step"))["type"] == "done"
        for reader, writer in clients:
            assert await asyncio.wait_for(_ended(reader), 20)
            writer.close()

    async def _ended(reader):
        try:
            return await reader.read() == b""
        except ConnectionError:
            return True

    asyncio.run(talk())


HOSTILE = {
    "a long message": ["x" * (messages.MOST_BYTES + 5000)],
    "deep json": ["[" * 100_000],
    "a binary message": [b"\x00" * 100],
    "no hello": ['{"type": "run"}'],
    "another protocol": ['{"type": "hello", "protocol": 999}'],
    "not json": ["\x00\x01"],
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_first_messages_end_their_own_connection_only(running, name):
    async def talk():
        async with running.page(state=TINY) as honest:
            async with running.page(hello=False) as bad:
                for message in HOSTILE[name]:
                    await bad.socket.send(message)
                assert await bad.ending() in (1009, 4000, 4008)
            assert (await honest.ask("step"))["type"] == "done"

    asyncio.run(talk())


def test_hostile_commands_are_refused_and_the_session_lives(running):
    async def talk():
        async with running.page(state=TINY) as page:
            for text in (
                "[]",
                "{}",
                '{"type":"run","x":1}',
                "[" * 60,
                '{"type":"configure","changes":{"hidden":[10000]}}',
                "NaN",
            ):
                await page.socket.send(text)
                assert (await page.report("refusal"))["text"].count("; expected ") >= 1
            assert (await page.ask("step"))["type"] == "done"

    asyncio.run(talk())


def test_a_flood_of_commands_ends_the_connection(start):
    running = start(Limits(messages_per_second=20))

    async def talk():
        async with running.page(state=TINY) as page:
            with contextlib.suppress(websockets.ConnectionClosed):
                for _ in range(500):
                    await page.tell("look")
            assert await page.ending() == 4008
        async with running.page(state=TINY) as page:
            assert (await page.ask("step"))["type"] == "done"

    asyncio.run(talk())


def test_one_who_says_nothing_is_sent_away(start):
    running = start(Limits(hello_seconds=0.2, idle_seconds=0.4))

    async def talk():
        for hello in (False, True):
            async with running.page(hello=hello, **({"state": TINY} if hello else {})) as page:
                assert await page.ending() == 4009

    asyncio.run(talk())


def test_one_who_reads_nothing_gets_no_more_than_its_credits(running, read_header):
    async def talk():
        async with running.page(state={**TINY, "resolution": 100}) as deaf, running.page(state=TINY) as page:
            await deaf.tell("run")
            await page.tell("run")
            for _ in range(30):
                await page.frame()
            session = running.server.registry.sessions[deaf.welcome["session"]]
            assert session.outbox.credits == 0
            assert session.outbox.pending <= MOST_CREDITS
            assert session.playground.step > 0
            last = [read_header(await deaf.frame(credit=False)) for _ in range(MOST_CREDITS)]
            await deaf.tell("credit")
            assert read_header(await deaf.frame())["step"] > last[-1]["step"]  # the latest, not the oldest

    asyncio.run(talk())


def test_a_full_server_says_so(start):
    running = start(Limits(sessions=1))

    async def talk():
        async with running.page(state=TINY):
            async with running.page(hello=False) as second:
                await second.tell("hello", protocol=1)
                refused = await second.report("refusal")
                assert refused["fatal"]
                assert "Try again later" in refused["text"]

    asyncio.run(talk())


def test_an_old_links_state_is_left_aside_with_a_word(running):
    async def talk():
        async with running.page(state={"hidden": [4000]}) as page:
            assert "hidden" in (await page.report("refusal"))["text"]
            assert (await page.ask("step"))["type"] == "done"

    asyncio.run(talk())


def test_numbers_that_are_none_do_not_break_a_page(running, read_header):
    async def talk():
        state = {**TINY, "learning_rate": 100, "activation": "relu", "loss": "mse", "output": "linear", "speed": 5}
        async with running.page(state=state) as page:
            await page.tell("run")
            while True:
                message = await page.next()
                if isinstance(message, bytes) and message[:4] == b"GNF1":
                    await page.tell("credit")
                elif isinstance(message, dict) and message["type"] == "stopped":
                    break
            assert message["reason"] == "nan"
            json.dumps(message, allow_nan=False)
            assert (await page.ask("configure", changes=message["fixes"]))["type"] == "done"
            assert (await page.ask("histogram"))["type"] == "histogram_report"

    asyncio.run(talk())


def test_whoever_types_the_bare_address_of_a_class_is_asked_for_its_code(start, monkeypatch):
    running = start(processes=0, host="0.0.0.0")
    code = running.server.guard.class_code
    for path, status in (("/", 401), ("/join", 401), ("/join?code=wrong", 401)):
        answer, headers, body = running.get(path, cookie=False)
        assert answer == status
        assert b'<form action="/join">' in body
        assert b'name="code"' in body
        assert headers["content-security-policy"].count("form-action 'self'") == 1
        assert "script-src" not in headers["content-security-policy"]
    answer, headers, _ = running.get(f"/join?code=%20{code.upper()}%20", cookie=False)
    assert (answer, headers["location"]) == (303, "/")
    for path in ("/api/model", "/nowhere", "/report"):
        assert b"<form" not in running.get(path, cookie=False)[2]


def test_a_page_of_ones_own_asks_for_no_code(running):
    for path in ("/", "/join", "/join?code=x"):
        answer, headers, body = running.get(path, cookie=False)
        assert answer == 401
        assert b"<form" not in body
        assert "form-action 'none'" in headers["content-security-policy"]


def test_a_class_joins_by_its_code_and_may_not_upload(start):
    running = start(CLASS, host="0.0.0.0")
    code = running.server.guard.class_code
    status, _, said = running.get("/join?code=wrong", cookie=False)
    assert status == 401
    assert b"This code lets nobody in" in said
    status, headers, _ = running.get(f"/join?code={code}", cookie=False)
    assert status == 303
    cookie, port = headers["set-cookie"].split(";")[0], running.server.port
    status, _, body = running.get(
        "/api/model", False, "POST", Cookie=cookie, Origin=f"http://127.0.0.1:{port}", **{"Content-Length": "0"}
    )
    assert status == 403
    assert json.loads(body)["type"] == "refusal"


def test_a_model_of_the_users_own_is_opened(running, tmp_path):
    model = nn.Sequential(nn.Linear(784, 10))
    prepare = Preparation.fitted(np.zeros((3, 28, 28), np.uint8))
    path = tmp_path / "own.safetensors"
    Trained(model, prepare, "classification", tuple(map(str, range(10)))).save(path)
    origin = f"http://127.0.0.1:{running.server.port}"

    def send(body, session):
        return running.get(f"/api/model?session={session}&name=own", True, "POST", body=body, Origin=origin)

    async def talk():
        async with running.page(state=TINY) as page:
            name = page.welcome["session"]
            for broken in (b"", b"junk", path.read_bytes()[:-1]):
                status, _, body = await asyncio.to_thread(send, broken, name)
                assert status == 400
                refused = json.loads(body)
                assert refused["type"] == "refusal"
                assert "tmp" not in refused["text"]
            assert (await asyncio.to_thread(send, path.read_bytes(), "nobody"))[0] == 404
            assert (await asyncio.to_thread(send, path.read_bytes(), name))[0] == 200
            assert (await page.report("digits_state"))["model"] == "own"
            found = await page.ask("digits_example", index=0)
            assert len(found["probabilities"]) == 10

    asyncio.run(talk())


def test_a_file_that_is_too_large_is_refused_before_it_is_read(start):
    running = start(Limits(model_bytes=1000))

    async def talk():
        async with running.page(state=TINY) as page:
            origin = f"http://127.0.0.1:{running.server.port}"
            path = f"/api/model?session={page.welcome['session']}"
            status, _, body = await asyncio.to_thread(running.get, path, True, "POST", b"x" * 50_000, Origin=origin)
            assert status == 400
            assert "MiB" in json.loads(body)["text"]

    asyncio.run(talk())


@settings(max_examples=150)
@given(
    method=st.sampled_from(["GET", "HEAD", "POST", "PUT", "OPTIONS", "BREW"]),
    path=st.text(st.characters(codec="ascii", min_codepoint=33), max_size=60),
    query=st.text(st.characters(codec="ascii", min_codepoint=33), max_size=40),
    cookie=st.sampled_from([None, "glassnet", "right"]),
    body=st.binary(max_size=40),
)
def test_no_request_breaks_the_server(shared, method, path, query, cookie, body):
    port = shared.server.port
    lines = [f"{method} /{path}?{query} HTTP/1.1", f"Host: 127.0.0.1:{port}", f"Origin: http://127.0.0.1:{port}"]
    lines += [f"Cookie: {shared.cookie if cookie == 'right' else cookie}"] if cookie else []
    lines += [f"Content-Length: {len(body)}", "Connection: close", "", ""]
    with socket.create_connection(("127.0.0.1", port), 20) as raw:
        raw.sendall("\r\n".join(lines).encode() + body)
        answer = b""
        while part := raw.recv(65536):
            answer += part
    status = int(answer.split()[1])
    assert 200 <= status < 500
    assert b"Traceback" not in answer


def test_a_message_cannot_be_packed_small_and_be_large(running):
    async def talk():
        port = running.server.port
        options = {"origin": f"http://127.0.0.1:{port}", "additional_headers": {"Cookie": running.cookie}}
        async with websockets.connect(f"ws://127.0.0.1:{port}/ws", compression="deflate", **options) as page:
            assert page.protocol.extensions == []

    asyncio.run(talk())


def test_a_server_that_ends_says_what_it_was_for(start):
    said = (4014, "The training is over, and its server has ended.")
    running = start(farewell=said)

    async def watch():
        async with running.page(state={"points": 20, "resolution": 10}) as page:
            running.server.stop()
            await page.ending()
            return page.socket.close_code, page.socket.close_reason

    assert asyncio.run(watch()) == said
