print(json.dumps(attempts))
