"""The generator of mail logs and the comparison with peers."""
