"""Field protocol MQTT: the twin's points under the topics of DSX Exchange's building bus.

``points`` says which points there are, ``requests`` what integrations may write, ``flex`` how load
targets of the grid become power caps, and ``bridge`` holds the connection to the broker.
"""
