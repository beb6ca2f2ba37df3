// Starts a run, follows it, asks about what waits for a decision, and prints the text: by Temporal's own Go client alone.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"strings"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"
	"go.temporal.io/sdk/temporal"
)

// progress is what this program reads of the answer to the query "progress".
type progress struct {
	Version int     `json:"version"`
	Stage   string  `json:"stage"`
	USD     float64 `json:"usd"`
	Counts  struct {
		Total int `json:"total"`
		Ended int `json:"ended"`
	} `json:"counts"`
	Approvals []approval `json:"approvals"`
}

// approval is something that waits for a person.
type approval struct {
	ID       string `json:"id"`
	Question string `json:"question"`
	Detail   string `json:"detail"`
}

// decision is the argument of the update "decideApproval".
type decision struct {
	ID      string `json:"id"`
	Approve bool   `json:"approve"`
	Reason  string `json:"reason,omitempty"`
}

// result is what this program reads of a run's result.
type result struct {
	Outcome string `json:"outcome"`
	Text    string `json:"text"`
}

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: service-go ID PIPELINE.json")
	}
	if err := follow(context.Background(), os.Args[1], os.Args[2]); err != nil {
		log.Fatal(err)
	}
}

func follow(ctx context.Context, id, file string) error {
	input, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	temporalClient, err := client.Dial(envconfig.MustLoadDefaultClientOptions())
	if err != nil {
		return err
	}
	defer temporalClient.Close()
	if err := start(ctx, temporalClient, id, input); err != nil {
		return err
	}
	var ended result
	done := make(chan error, 1)
	go func() { done <- temporalClient.GetWorkflow(ctx, id, "").Get(ctx, &ended) }()
	if err := watch(ctx, temporalClient, id, done); err != nil {
		return err
	}
	fmt.Printf("%s\n%s\n", ended.Outcome, ended.Text)
	return nil
}

// start is idempotent by the id: a run that exists is attached to, whether it is open or closed.
func start(ctx context.Context, temporalClient client.Client, id string, input json.RawMessage) error {
	taskQueue := os.Getenv("TEMPORAL_TASK_QUEUE")
	if taskQueue == "" {
		taskQueue = "durable-research"
	}
	_, err := temporalClient.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID:                       id,
		TaskQueue:                taskQueue,
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		WorkflowIDReusePolicy:    enums.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
		// Otherwise a run that has ended is no error here, and nothing says so.
		WorkflowExecutionErrorWhenAlreadyStarted: true,
	}, "pipeline", input)
	var exists *serviceerror.WorkflowExecutionAlreadyStarted
	if errors.As(err, &exists) {
		return nil
	}
	return err
}

// watch prints what changes until the run is done, and asks about each approval once.
func watch(ctx context.Context, temporalClient client.Client, id string, done <-chan error) error {
	asked := map[string]bool{}
	seen := -1
	for {
		select {
		case err := <-done:
			return err
		case <-time.After(time.Second):
		}
		now, err := look(ctx, temporalClient, id)
		if err != nil {
			// Queries need a worker. The run does not need this program: it is asked again.
			log.Printf("no answer: %v", err)
			continue
		}
		if now.Version != seen {
			log.Printf("%s: %d of %d steps, $%.4f", now.Stage, now.Counts.Ended, now.Counts.Total, now.USD)
			seen = now.Version
		}
		for _, waiting := range now.Approvals {
			if asked[waiting.ID] {
				continue
			}
			asked[waiting.ID] = true
			if err := decide(ctx, temporalClient, id, waiting); err != nil {
				return err
			}
		}
	}
}

func look(ctx context.Context, temporalClient client.Client, id string) (progress, error) {
	var now progress
	answer, err := temporalClient.QueryWorkflow(ctx, id, "", "progress", map[string]int{"since": 0})
	if err != nil {
		return now, err
	}
	return now, answer.Get(&now)
}

// decide asks on standard input; anything but "y" is the reason of a rejection.
func decide(ctx context.Context, temporalClient client.Client, id string, waiting approval) error {
	fmt.Fprintf(os.Stderr, "%s %s [y, or why not] ", waiting.Question, waiting.Detail)
	line, err := bufio.NewReader(os.Stdin).ReadString('\n')
	if err != nil {
		return fmt.Errorf("nobody decided on %s: %w", waiting.ID, err)
	}
	answer := decision{ID: waiting.ID, Approve: strings.TrimSpace(line) == "y"}
	if !answer.Approve {
		answer.Reason = strings.TrimSpace(line)
	}
	handle, err := temporalClient.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
		WorkflowID:   id,
		UpdateName:   "decideApproval",
		Args:         []any{answer},
		WaitForStage: client.WorkflowUpdateStageCompleted,
	})
	if err != nil {
		return err
	}
	err = handle.Get(ctx, nil)
	// The run refuses it where somebody else was faster, or the deadline has passed: it goes on either way.
	var refused *temporal.ApplicationError
	if errors.As(err, &refused) {
		log.Printf("%s: %s", waiting.ID, refused.Message())
		return nil
	}
	return err
}
