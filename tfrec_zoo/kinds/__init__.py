"""One file for each kind of column, reached through the table `tfrec_zoo.feature_kind.KINDS` alone."""
