"""How long the form waits for what, in seconds."""

# Values in flight when a button is clicked arrive within this time.
IN_FLIGHT = 0.3
# Enter comes before the value that it ends; if none follows, it was there already.
AFTER_ENTER = 1.0
# A new field can take the cursor when the front end has drawn it.
DRAWN = 0.2
# Nobody who has left for longer expects a password to be remembered for him.
LEFT_ALONE = 300.0
