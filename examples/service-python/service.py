"""Starts a run, follows it, asks about what waits for a decision, and prints the text: by Temporal's own client alone."""

import asyncio
import json
import os
import sys

from temporalio.client import Client, WorkflowHandle, WorkflowUpdateFailedError
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.envconfig import ClientConfig
from temporalio.exceptions import TemporalError, WorkflowAlreadyStartedError


async def start(client: Client, run_id: str, pipeline: dict) -> WorkflowHandle:
    """Idempotent by the id: a run that exists is attached to, whether it is open or closed."""
    try:
        return await client.start_workflow(
            "pipeline",
            pipeline,
            id=run_id,
            task_queue=os.environ.get("TEMPORAL_TASK_QUEUE", "durable-research"),
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
        )
    except WorkflowAlreadyStartedError:
        return client.get_workflow_handle(run_id)


async def decide(run: WorkflowHandle, approval: dict) -> None:
    """Asks on standard input; anything but "y" is the reason of a rejection."""
    print(approval["question"], approval.get("detail", ""), "[y, or why not]", file=sys.stderr)
    line = await asyncio.to_thread(sys.stdin.readline)
    if not line:
        sys.exit(f"nobody decided on {approval['id']}")
    decision = {"id": approval["id"], "approve": line.strip() == "y"}
    if not decision["approve"] and line.strip():
        decision["reason"] = line.strip()
    try:
        await run.execute_update("decideApproval", decision)
    except WorkflowUpdateFailedError as error:
        # Somebody else was faster, or the deadline has passed: the run goes on either way.
        print(f"{approval['id']}: {error.cause}", file=sys.stderr)


async def follow(run: WorkflowHandle) -> dict:
    """Prints what changes until the run is done, and asks about each approval once."""
    result = asyncio.create_task(run.result())
    asked, version = set(), -1
    while not result.done():
        await asyncio.wait([result], timeout=1)
        try:
            progress = await run.query("progress", {"since": 0})
        except TemporalError as error:
            # Queries need a worker. The run does not need this program: it is asked again.
            print("no answer:", error, file=sys.stderr)
            continue
        if progress["version"] != version:
            version, counts = progress["version"], progress["counts"]
            steps = f"{counts['ended']} of {counts['total']} steps"
            print(f"{progress['stage']}: {steps}, ${progress['usd']:.4f}", file=sys.stderr)
        for approval in progress["approvals"]:
            if approval["id"] not in asked:
                asked.add(approval["id"])
                await decide(run, approval)
    return await result


async def main(run_id: str, file: str) -> None:
    with open(file, encoding="utf-8") as pipeline:
        run_input = json.load(pipeline)
    # TEMPORAL_ADDRESS and Temporal's other variables and profiles.
    client = await Client.connect(**{"target_host": "localhost:7233", **ClientConfig.load_client_connect_config()})
    run = await start(client, run_id, run_input)
    result = await follow(run)
    print(f"{result['outcome']}\n{result.get('text', '')}")


if len(sys.argv) != 3:
    sys.exit("usage: service.py ID PIPELINE.json")
asyncio.run(main(sys.argv[1], sys.argv[2]))
