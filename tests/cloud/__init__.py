"""Puts the desk's stacks onto an AWS emulator on this machine and watches it trade."""
