"""Adds a document, waits until it is read, searches it, and asks a question: Python's own library alone.

python3 examples/quick_start.py FILE WORDS QUESTION
"""

import json
import os
import sys
import time
import urllib.error
import urllib.request
import uuid

URL = os.environ.get("CARREL_URL", "http://127.0.0.1:8080")
TOKEN = os.environ.get("CARREL_TOKEN")


def call(method, path, body=None, content_type="application/json"):
    """Gives the answer as JSON; a problem ends the program with what it says."""
    data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    request = urllib.request.Request(URL + path, data=data, method=method)
    if data is not None:
        request.add_header("Content-Type", content_type)
    if TOKEN:
        request.add_header("Authorization", f"Bearer {TOKEN}")
    try:
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        problem = json.load(error)
        sys.exit(f"{problem['code']}: {problem['detail']}")


def upload(path):
    """Sends a file as a form; gives the id of its document."""
    boundary = uuid.uuid4().hex
    name = os.path.basename(path).replace('"', "%22")
    with open(path, "rb") as file:
        content = file.read()
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    body = head.encode() + content + f"\r\n--{boundary}--\r\n".encode()
    answer = call("POST", "/v1/documents", body, f"multipart/form-data; boundary={boundary}")
    return answer["documents"][0]["id"]


def main(path, words, question):
    document = upload(path)
    while (state := call("GET", f"/v1/documents/{document}"))["status"] != "ready":
        if state["status"] == "failed":
            sys.exit(state["error"]["detail"])
        time.sleep(0.05)
    found = call("POST", "/v1/search", {"query": words, "filter": {"document_ids": [document]}})
    for hit in found["hits"]:
        print(f"{hit['title']}, p. {hit['page']}: {hit['text']}")
    print(call("POST", "/v1/chat", {"message": question})["answer"])


if __name__ == "__main__":
    main(*sys.argv[1:4])
