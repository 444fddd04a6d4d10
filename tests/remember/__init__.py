"""`--remember`: tokens that outlive their kernels, in files and in the system's keyring."""
