"""The computational graph of chapter 5 as a picture: record (`node`), arrange (`layout`), draw (`svg`)."""
