"""The services of `axpair.v1`, one file each; proto/axpair_proto/v1/*.proto says what each promises."""
