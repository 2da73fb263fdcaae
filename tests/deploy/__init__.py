"""What an operator installs: held to the code, as far as that goes without a machine to install it on."""
