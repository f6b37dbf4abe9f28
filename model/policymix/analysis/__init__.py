"""What the results say: paired differences, additionality, money, targets, the headline and its alarms."""
