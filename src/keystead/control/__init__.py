"""What the owner of the data folder can ask for: the commands, on a running server or none."""
