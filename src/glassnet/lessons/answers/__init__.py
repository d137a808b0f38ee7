"""What makes an answer right: one file for each lesson, loaded when one of its exercises is checked."""
