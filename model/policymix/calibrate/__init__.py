"""Published experiments repeated inside the model: their files, estimators and the bench that runs them."""
