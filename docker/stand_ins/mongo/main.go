// FerretDB on SQLite, asking for passwords: what sources/marketplace/main.go does not need, and FerretDB's library does not
// offer. The name of this module lets it take FerretDB's own parts.
//
//	mongod ADDRESS FOLDER
//
// Reads: MONGO_INITDB_ROOT_USERNAME, MONGO_INITDB_ROOT_PASSWORD: the user that is made where the folder is empty.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/FerretDB/FerretDB/internal/clientconn"
	"github.com/FerretDB/FerretDB/internal/clientconn/connmetrics"
	"github.com/FerretDB/FerretDB/internal/handler/registry"
	"github.com/FerretDB/FerretDB/internal/util/password"
	"github.com/FerretDB/FerretDB/internal/util/state"
)

func run() error {
	if len(os.Args) != 3 {
		return fmt.Errorf("give the address, such as 0.0.0.0:27017, and the folder of the data")
	}
	provider, err := state.NewProvider("")
	if err != nil {
		return err
	}
	if err = provider.Update(func(s *state.State) { s.DisableTelemetry(); s.TelemetryLocked = true }); err != nil {
		return err
	}
	logger := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
	metrics := connmetrics.NewListenerMetrics()
	handler, closeBackend, err := registry.NewHandler("sqlite", &registry.NewHandlerOpts{
		Logger:        logger,
		ConnMetrics:   metrics.ConnMetrics,
		StateProvider: provider,
		TCPHost:       os.Args[1],
		SQLiteURL:     "file:" + os.Args[2] + "/?_pragma=synchronous(normal)",
		SetupDatabase: "admin",
		SetupUsername: os.Getenv("MONGO_INITDB_ROOT_USERNAME"),
		SetupPassword: password.WrapPassword(os.Getenv("MONGO_INITDB_ROOT_PASSWORD")),
		SetupTimeout:  time.Minute,
		TestOpts:      registry.TestOpts{CappedCleanupPercentage: 10, BatchSize: 100, EnableNewAuth: true},
	})
	if err != nil {
		return err
	}
	defer closeBackend()
	listener, err := clientconn.Listen(&clientconn.NewListenerOpts{
		TCP:     os.Args[1],
		Mode:    clientconn.NormalMode,
		Metrics: metrics,
		Handler: handler,
		Logger:  logger,
	})
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	listener.Run(ctx)
	return nil
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "mongod:", err)
		os.Exit(1)
	}
}
