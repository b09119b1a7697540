"""What is timed: one workload a file, written for each contestant as its own users would."""
