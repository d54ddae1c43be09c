"""What ECR and the OCI image specification define: values and pure functions, standard library only."""
