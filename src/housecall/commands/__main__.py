"""``python -m housecall.commands``: the same as ``housecall``, where the script is not on the path."""

from housecall.commands.main import main

if __name__ == "__main__":
    main()
