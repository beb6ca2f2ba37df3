"""Reads lines of JSON from standard input, {"model": name, "value": object}, and says which the official SDK refuses."""

import json
import sys
from functools import cache

from pydantic import TypeAdapter, ValidationError

from openai.types.conversations import Conversation, ConversationDeletedResource, ConversationItem, ConversationItemList
from openai.types.responses import (
    CompactedResponse,
    Response,
    ResponseItemList,
    ResponseOutputItem,
    ResponseStreamEvent,
)
from openai.types.responses.input_token_count_response import InputTokenCountResponse

MODELS = {
    "response": Response,
    "compaction": CompactedResponse,
    "input_tokens": InputTokenCountResponse,
    "input_items": ResponseItemList,
    "output_item": ResponseOutputItem,
    "event": ResponseStreamEvent,
    "conversation": Conversation,
    "conversation_deleted": ConversationDeletedResource,
    "conversation_item": ConversationItem,
    "conversation_items": ConversationItemList,
}


@cache
def adapter(name):
    return TypeAdapter(MODELS[name])


def problems(row):
    try:
        adapter(row["model"]).validate_json(json.dumps(row["value"]), strict=True)
        return []
    except ValidationError as error:
        return [f"{'.'.join(map(str, issue['loc']))}: {issue['msg']}" for issue in error.errors()]


for line in sys.stdin:
    print(json.dumps(problems(json.loads(line))), flush=True)
