"""What a registry holds and what a retag is: frozen values and pure functions, standard library only."""
