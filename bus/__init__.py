"""Messages between services: typed, stored before they are sent, handled once.

Knows no service and no saga. Start reading at `message.py`, then `journey.py`: one message's way through a service.
"""
