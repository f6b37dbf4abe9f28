"""What the model must show: stylised facts of the untreated city, and published experiments repeated inside it."""
