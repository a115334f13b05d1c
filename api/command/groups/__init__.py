"""The commands by group: arguments and help.

What a command does and prints is a module of ``api/command``, imported when the command runs: importing all of the
product takes longer than most commands.
"""
