"""The same answer in WSGI, ASGI and aiohttp: the client's address."""


def wsgi(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"sees {environ['REMOTE_ADDR']}\n".encode()]


async def asgi(scope, receive, send):
    if scope["type"] != "http":
        return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": f"sees {scope['client'][0]}\n".encode()})


if __name__ == "__main__":
    from aiohttp import web

    async def answer(request):
        return web.Response(text=f"sees {request.remote}\n")

    app = web.Application()
    app.router.add_get("/", answer)
    web.run_app(app, port=80)
