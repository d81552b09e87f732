"""The figures: functions from collected tables to matplotlib figures, drawn without a display."""
