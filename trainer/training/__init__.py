"""What every training run shares: loop, record, checkpoints, published weights."""
