"""The station's side of the wire: MQTT, evidence sent up, sound fetched down."""
