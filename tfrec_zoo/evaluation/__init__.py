"""Full-catalogue evaluation, reports and plots."""
