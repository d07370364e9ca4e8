#!/usr/bin/env bash
# Adds a document, waits until it is read, searches it, and asks a question: curl alone.
# examples/quick-start.sh FILE WORDS QUESTION      (words and question without quotation marks)
set -euo pipefail
url=${CARREL_URL:-http://127.0.0.1:8080}
call() {
  curl -sS --fail-with-body ${CARREL_TOKEN:+-H "Authorization: Bearer $CARREL_TOKEN"} "$@"
}

id=$(call -F "file=@$1" "$url/v1/documents" | sed -E 's/.*"id":"(doc_[a-z2-7]+)".*/\1/')
until call "$url/v1/documents/$id" | grep -q '"status":"ready"'; do sleep 0.1; done
call -H 'Content-Type: application/json' -d "{\"query\": \"$2\"}" "$url/v1/search"
echo
call -H 'Content-Type: application/json' -d "{\"message\": \"$3\"}" "$url/v1/chat"
echo
